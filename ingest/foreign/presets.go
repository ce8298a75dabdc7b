package foreign

// preset is how one system names its columns.
type preset struct {
	rules    []rule
	features bool // columns that no rule takes are features
	wire     *wire
}

const (
	drop   = ""           // the column is known and no field of an event
	answer = "prediction" // prediction_value for numbers of a model without probabilities, else prediction_label
	truth  = "outcome.ground_truth"
)

// presets by name. The tables are the published names; docs/foreign-tables.md
// says where they are published.
var presets = map[string]*preset{
	// File schema of the object store importer: its property names, the prefixes
	// of its examples, and "any column not reserved is a feature".
	"arize": {features: true, rules: []rule{
		{column: "prediction_id", target: "prediction_id"},
		{column: "prediction_ts", target: "event_time"},
		{column: "timestamp", target: "event_time"},
		{column: "model_version", target: "arm"},
		{column: "model_version", target: "model_version"},
		{column: "prediction_score", target: "prediction_score"},
		{column: "prediction_label", target: "prediction_label"},
		{column: "actual_label", target: truth + ".label"},
		{column: "actual_score", target: truth + ".value"},
		{column: "feature/*", target: "features.*"},
		{column: "feature_*", target: "features.*"},
		{column: "tag/*", target: "tags.*"},
		{column: "tag_*", target: "tags.*"},
		{column: "shap/*", target: drop},
		{column: "shap_*", target: drop},
	}},
	// Column names of the tutorials and of the data sets that come with the library.
	"nannyml": {features: true, rules: []rule{
		{column: "id", target: "prediction_id"},
		{column: "identifier", target: "prediction_id"},
		{column: "timestamp", target: "event_time"},
		{column: "y_pred_proba", target: "prediction_score"},
		{column: "y_pred_proba_*", target: "scores.*"},
		{column: "y_pred", target: answer},
		{column: "y_true", target: truth},
		{column: "period", target: "tags.period"},
		{column: "partition", target: "tags.period"},
	}},
	// Defaults of DataDefinition and of its classification, regression and
	// recommendation parts; id and timestamp have no default there.
	"evidently": {features: true, rules: []rule{
		{column: "id", target: "prediction_id"},
		{column: "timestamp", target: "event_time"},
		{column: "datetime", target: "event_time"},
		{column: "prediction", target: answer},
		{column: "target", target: truth},
		{column: "user_id", target: "unit_id"},
	}},
	// CloudEvents of the inference logger, or the columns of its blob store.
	"kserve": {wire: kserve, rules: append([]rule{
		{column: "endpoint", target: "arm", words: map[string]string{"default": "stable"}},
		{column: "inferenceservicename", target: "tags.inferenceservice"},
		{column: "namespace", target: drop}, {column: "component", target: drop},
		{column: "metadata", target: drop}, {column: "annotations", target: drop},
	}, wireRules...)},
	// CloudEvents of the request logger of Seldon Core.
	"seldon": {wire: seldon, rules: append([]rule{
		{column: "endpoint", target: "arm"},
		{column: "modelid", target: "model_version"},
		{column: "inferenceservicename", target: "tags.deployment"},
		{column: "namespace", target: drop}, {column: "protocol", target: drop},
	}, wireRules...)},
}

// wireRules are for the columns that pairing makes.
var wireRules = []rule{
	{column: "id", target: "prediction_id"},
	{column: "time", target: "event_time"},
	{column: "latency", target: "latency_seconds"},
	{column: "input.*", target: "features.*"},
	{column: "output", target: answer},
	{column: "output.*", target: "scores.*"},
	{column: "reward", target: "outcome.feedback.value"},
	{column: "source", target: drop},
}
