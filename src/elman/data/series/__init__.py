"""Time series: frames to panels, their frequency, and windows that are never copied."""
