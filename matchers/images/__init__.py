"""Copy detection: which registered pictures a picture shows, whole or in part, cut, turned, photographed or covered.

`indexing` describes and indexes registered pictures, `image_matcher` compares a picture with them. Importing this
package costs nothing; OpenCV and faiss are loaded only by the modules that process pictures.
"""
