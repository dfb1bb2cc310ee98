"""The crawl around the platforms: downloader middlewares (robots, throttle, compression, SSRF guard, ...), the
browser, pictures, and PlatformSpider.
"""
