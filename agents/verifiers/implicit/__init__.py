"""Process rewards without a process head: log-ratios of two language models (arXiv 2412.01981)."""
