raise ImportError("this package carries labels or belongs to Pelagos: the sandbox masks it")
