"""The data set of an analysis: an AnnData file with samples x features, NaN where a value is missing."""
