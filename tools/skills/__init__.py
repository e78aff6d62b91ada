"""Agent Skills: folders with a SKILL.md, read and checked; their scripts run in the sandbox, where allowed by name."""
