"""What happens to a listing after it was read: unique, pictures, links, match, store; each adapts Scrapy to an idea."""
