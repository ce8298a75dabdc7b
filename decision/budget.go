package decision

const (
	sampleRatio = "sample_ratio"
	coverage    = "coverage"
)
