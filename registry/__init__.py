"""The protected works: reading lists of them, checking licences, and planning search queries.

Nothing here fetches anything or uses the database; works come in as files and go out as crawler.items.Work.
"""
