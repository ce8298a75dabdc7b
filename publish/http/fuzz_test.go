package http

import "testing"

func FuzzParseHook(f *testing.F) {
	f.Add([]byte(`{"name":"recsys","namespace":"prod","phase":"Progressing","metadata":{"canary":"v2","weight":"10","router":"flagger"}}`))
	f.Add([]byte(`{"name":"a","namespace":"b","metadata":{"rollout":"x/y","canary":"v","weight":"100"}}`))
	f.Add([]byte(`{"metadata":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		ns, rollout, canary, weight, router, err := parseHook(data)
		if err != nil {
			if ns+rollout+canary+router != "" || weight != 0 {
				t.Errorf("%q: %v beside an answer", data, err)
			}
			return
		}
		if ns == "" || rollout == "" || canary == "" || weight < 0 || weight > 100 || len(router) > 63 {
			t.Errorf("%q: %q %q %q %d %q", data, ns, rollout, canary, weight, router)
		}
	})
}
