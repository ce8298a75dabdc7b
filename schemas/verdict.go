package schemas

// InputRange is the part of a log behind a verdict: offsets [From, To).
type InputRange struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	From      int64  `json:"from"`
	To        int64  `json:"to"`
}
