"""What a captioner's parts are: how items are read."""
