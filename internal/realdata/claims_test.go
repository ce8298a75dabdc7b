package realdata

import "strings"

// claim says of rows of EXPECTED.md by which test their answer is checked, or why it is
// not. A row may have several.
type claim struct {
	set    string
	first  string // the first cell begins with this
	second string // and the second with this
	test   string // of this folder; "" = not tested
	why    string // it is not
}

func (c claim) matches(a *answer) bool {
	return c.set == a.set && strings.HasPrefix(a.row[0], c.first) && strings.HasPrefix(a.row[1], c.second)
}

const (
	distances = "TestDistancesAreThoseOfTheTextbook"
	shapes    = "TestShapesAreThoseOfTheTextbook"
	untouched = "a fact about the file, no comparison of arms"
)

var claims = []claim{
	{"cookie_cats", "gate_30 -> gate_40", "retention_", "TestCookieCats", ""},
	{"cookie_cats", "A/A", "retention_", "TestCookieCats", ""},
	{"cookie_cats", "gate_30 -> gate_40", "sum_gamerounds", "TestRoundsOfGames", ""},
	{"cookie_cats", "A/A", "sum_gamerounds", "TestRoundsOfGames", ""},

	{"asos", "1", "50", "TestShopExperimentsHaveTheRightSign", ""},
	{"asos", "2", "50", "", "final statistics of a count: the file has means and variances, and engine G takes blocks of events"},
	{"asos", "3", "50", "", "as metric 2"},
	{"asos", "4", "50", "", "as metric 2"},
	{"asos", "all", "", "", "the sum of the rows above"},
	{"asos", "79f97f, 1", "", "TestShopExperimentsHaveTheRightSign", ""},
	{"asos", "ee6ff7, 1", "", "TestShopExperimentsHaveTheRightSign", ""},
	{"asos", "9b959e, 1", "", "TestShopExperimentsHaveTheRightSign", ""},
	{"asos", "47a23b, 1", "", "TestShopSplitsThatAreOff", ""},
	{"asos", "329386, ", "", "TestShopSplitsThatAreOff", ""},
	{"asos", "64dc88, ", "", "TestShopSplitsThatAreOff", ""},
	{"asos", "a68bf4, 1", "", "TestShopExperimentsHaveTheRightSign", ""},
	{"asos", "834947, 1", "", "TestShopExperimentsHaveTheRightSign", ""},
	{"asos", "26bd38, 1", "", "", "the split is off by 0.1 points, less than half of the smallest tilt that the test looks for"},
	{"asos", "530a76, 1", "", "", "the split is off by 0.02 points, a tenth of that"},

	{"open_bandit", "random -> bts", "click", "TestOpenBandit", ""},
	{"open_bandit", "A/A", "click", "TestOpenBandit", ""},
	{"open_bandit", "random -> bts", "", distances, ""},

	{"llmdrift", "gpt-4", "happy number: answer right", "TestLanguageModelUpdates", ""},
	{"llmdrift", "gpt-4", "leetcode: Directly Usable", "TestLanguageModelUpdates", ""},
	{"llmdrift", "gpt-3.5", "happy number: answer right", "TestLanguageModelUpdates", ""},
	{"llmdrift", "gpt-3.5", "leetcode: Directly Usable", "", "z = -3.1 at 50 items: undecided for a test that may look at every window; GPT-4 has the same at -4.5"},
	{"llmdrift", "", "happy number latency s", "TestLanguageModelUpdates", ""},
	{"llmdrift", "", "happy number latency s", shapes, ""},
	{"llmdrift", "", "happy number answer tokens", shapes, ""},
	{"llmdrift", "", "leetcode latency s", shapes, ""},

	{"frank", "cnndm: bart", "any error", "TestSummarisers", ""},
	{"frank", "bbc: TConvS2S", "any error", "TestSummarisers", ""},
	{"frank", "bbc: BERTS2S", "any error", "", "z = 2.98, at the very edge of what any test that looks at every window can show"},
	{"frank", "cnndm: bart", "Factuality", "TestSummarisers", ""},
	{"frank", "bbc: TConvS2S", "Factuality", "TestSummarisers", ""},
	{"frank", "bbc: BERTS2S", "Factuality", "", "as above, t = -3.0"},

	{"tofueval", "", "sentence not supported", "TestSentencesWithoutSupport", ""},

	{"wmt_mqm", "ted_", "MQM score", "TestTranslators", ""},
	{"wmt_mqm", "same, paired by segment", "", "", "a recording has no pairs of answers to one request; pairs are tested where requests are mirrored"},

	{"elec2", "rows 0-17423 -> 17424-45311", "", distances, ""},
	{"elec2", "rows 0-17423 -> 17424-45311", "", "TestElectricityMarketChanges", ""},
	{"elec2", "first part: even -> odd days", "", distances, ""},
	{"elec2", "first part: even -> odd days", "", "TestElectricityMarketChanges", ""},
	{"elec2", "rows 0-17423 -> rest", "class = 1", "", "the outcome of a half-hour, which no model has predicted"},

	{"bike_sharing", "", "", distances, ""},
	{"bike_sharing", "", "", "TestBicycleHireFollowsTheSeasons", ""},

	{"adult", "", "", distances, ""},
	{"adult", "other -> ", "", "TestCensus", ""},

	{"california_housing", "reference -> analysis", "y_pred = clf_target", "TestHousePricesElsewhere", ""},
	{"california_housing", "reference -> analysis", "clf_target", "", "the label alone: what the model makes of it is the row above"},
	{"california_housing", "reference -> analysis", "y_pred_proba", distances, ""},
	{"california_housing", "reference -> analysis", "A", distances, ""},
	{"california_housing", "reference -> analysis", "House", distances, ""},
	{"california_housing", "reference -> analysis", "L", distances, ""},
	{"california_housing", "reference -> analysis", "MedInc", distances, ""},
	{"california_housing", "reference -> analysis", "Population", distances, ""},

	{"azure_llm_2023", "", "", distances, ""},
	{"azure_llm_2023", "", "", "TestOneHourOfRequestsIsLikeItself", ""},

	{"vm_noise", "", "", shapes, ""},
	{"vm_noise", "pg_rw25_latency_ms", "", "TestMachinesOfOneKind", ""},

	{"vllm_load_logs", "", "", shapes, ""},
	{"vllm_load_logs", "", "total_chunk_time", "TestServerUnderLoad", ""},
	{"vllm_load_logs", "", "out_len", "TestServerUnderLoad", ""},
	{"vllm_load_logs", "", "GPU_used_mem", "TestMemoryThatDoesNotMove", ""},

	{"llmperf", "", "end_to_end_latency_s", shapes, ""},
	{"llmperf", "", "ttft_s", shapes, ""},
	{"llmperf", "", "end_to_end_latency_s", "TestProvidersOfOneModel", ""},
	{"llmperf", "anyscale -> lepton", "error rate", "TestProvidersOfOneModel", ""},
	{"llmperf", "anyscale -> together", "error rate", "TestProvidersOfOneModel", ""},
	{"llmperf", "anyscale -> bedrock", "error rate", "TestProvidersOfOneModel", ""},
	{"llmperf", "together -> fireworks", "error rate", "", "one error in 150 against none: the other direction of a row that is tested"},
	{"llmperf", "anyscale_", "150", "", untouched},
	{"llmperf", "bedrock_", "150", "", untouched},
	{"llmperf", "fireworks_", "150", "", untouched},
	{"llmperf", "lepton_", "150", "", untouched},
	{"llmperf", "replicate_", "150", "", untouched},
	{"llmperf", "together_", "150", "", untouched},

	{"nab", "realAWSCloudwatch/ec2_cpu_utilization_c6585a.csv", "", "", "it has no labelled window, and so no second sample"},
	{"nab", "realAWSCloudwatch/ec2_cpu_utilization_24", "", shapes, ""},
	{"nab", "realAWSCloudwatch/ec2_cpu_utilization_5f", "", shapes, ""},
	{"nab", "realAWSCloudwatch/ec2_cpu_utilization_82", "", shapes, ""},
	{"nab", "realAWSCloudwatch/ec2_disk", "", shapes, ""},
	{"nab", "realAWSCloudwatch/ec2_network", "", shapes, ""},
	{"nab", "realAWSCloudwatch/elb", "", shapes, ""},
	{"nab", "realAWSCloudwatch/iio", "", shapes, ""},
	{"nab", "realAWSCloudwatch/rds", "", shapes, ""},
	{"nab", "realAdExchange/", "", shapes, ""},

	{"petshop", "test/issue_", "", "TestInjectedFaultsOfAShop", ""},
	{"petshop", "train/issue_", "", "TestInjectedFaultsOfAShop", ""},

	{"A/A", "cookie_cats gate_30, retention_7", "", "TestRandomHalvesStaySilent", ""},
	{"A/A", "cookie_cats gate_30, sum_gamerounds", "", "TestRandomHalvesStaySilent", ""},
	{"A/A", "same, capped at 2,961", "", "TestRandomHalvesStaySilent", ""},
	{"A/A", "open_bandit random men", "", "TestRandomHalvesStaySilent", ""},
	{"A/A", "azure code", "", "TestRandomHalvesStaySilent", ""},
	{"A/A", "vm_noise short", "", "TestRandomHalvesStaySilent", ""},
	{"A/A", "200", "", "TestChanceMovesTheIndexAsTheTextbookSays", ""},
	{"A/A", "500", "", "TestChanceMovesTheIndexAsTheTextbookSays", ""},
	{"A/A", "1000", "", "TestChanceMovesTheIndexAsTheTextbookSays", ""},
	{"A/A", "2000", "", "TestChanceMovesTheIndexAsTheTextbookSays", ""},
	{"A/A", "5000", "", "TestChanceMovesTheIndexAsTheTextbookSays", ""},
	{"A/A", "10000", "", "TestChanceMovesTheIndexAsTheTextbookSays", ""},
}
