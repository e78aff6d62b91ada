"""A toolchain for regressions of one variable: which terms belong into the model?"""
