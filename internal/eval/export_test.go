package eval

// What the tests use beside that which is exported.
var (
	AUC              = auc
	AURC             = aurc
	AveragePrecision = averagePrecision
	BestThreshold    = outcomeThreshold
	Brier            = brier
	CalibrationError = calibrationError
	CoverageAt       = coverageAt
	CrossFit         = crossFit
	DecodeQrels      = decodeQrels
	DecodeQueries    = decodeQueries
	DecodeSQuAD      = decodeSQuAD
	F1               = overlapF1
	FitConfidence    = fitConfidence
	NDCG             = ndcg
	Recall           = recallAt
	ReciprocalRank   = reciprocalRank
	RiskCoverage     = riskCoverage
	SQuAD2           = squad2
	Success          = success
)
