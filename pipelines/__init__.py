"""Scrapy item pipelines: duplicates, pictures, links, match, store; thin adapters."""
