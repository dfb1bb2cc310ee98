"""Scrapy item pipelines: duplicates, pictures, links, match, store; each adapts Scrapy to an idea."""
