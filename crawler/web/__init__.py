"""The crawl around the platforms: downloader middlewares (robots, throttle, compression, SSRF guard, ...), browser,
pictures, and PlatformSpider.
"""
