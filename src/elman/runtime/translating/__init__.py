"""What a translator does with texts: reads them, searches for answers, keeps terms, is judged."""
