"""The protected works: reading lists of them, judging licences, and planning the queries worth asking.

Nothing here fetches anything or knows the database; works come in as files and go out as crawler.items.Work.
"""
