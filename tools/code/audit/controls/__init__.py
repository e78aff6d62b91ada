"""Control experiments on wrong labels or moved inputs, to which an honest program reacts as the baseline does."""
