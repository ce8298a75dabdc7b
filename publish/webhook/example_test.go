package webhook_test

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"verdin/publish/webhook"
)

// A receiver verifies a delivery before it believes a word of it.
func ExampleKey_Verify() {
	key, err := webhook.ParseKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		panic(err)
	}
	h := http.Header{}
	h.Set(webhook.HeaderID, "msg_p5jXN8AQM9LWM0D4loKWxJek")
	h.Set(webhook.HeaderTimestamp, "1614265330")
	h.Set(webhook.HeaderSignature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	now := time.Unix(1614265330, 0) // time.Now()
	fmt.Println(key.Verify(h, []byte(`{"test": 2432232314}`), now, 5*time.Minute))
	fmt.Println(errors.Is(key.Verify(h, []byte(`{"test": 0}`), now, 5*time.Minute), webhook.ErrForged))
	// Output:
	// <nil>
	// true
}
