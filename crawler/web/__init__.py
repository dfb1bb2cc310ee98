"""The crawl around the spiders: middlewares (robots, replay, guard), the browser, pictures, and Visit."""
