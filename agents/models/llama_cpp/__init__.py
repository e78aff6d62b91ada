"""Run the embedded model in this process: the engine, its threads and its slots."""
