"""The picture engine: which registered pictures a picture shows, whole or in part, cut, turned, photographed, covered.

`register` makes sketches and index of registered pictures; a looker compares with them. Importing this costs nothing;
OpenCV and faiss load where a picture is looked at.
"""
