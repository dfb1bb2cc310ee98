"""What people do before and after a crawl: commands, exports, the report."""
