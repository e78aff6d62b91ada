"""The toolchain for programs with a score: from a task folder and a plan to executed, scored and audited versions."""
