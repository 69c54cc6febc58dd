"""Addresses of facts."""

from django.urls import path

from polso.web.sources import views

urlpatterns = [
    path("", views.sources, name="sources"),
    path("upload", views.receive, name="receive"),
    path("upload/<uuid:pk>/", views.upload, name="upload"),
    path("upload/<uuid:pk>/load", views.load, name="load"),
    path("upload/<uuid:pk>/progress", views.progress, name="progress"),
    path("upload/<uuid:pk>/stop", views.stop, name="stop"),
    path("upload/<uuid:pk>/rejects", views.rejects, name="rejects"),
    path("upload/<uuid:pk>/discard", views.discard, name="discard"),
    path("<slug:name>/", views.entity, name="entity"),
    path("<slug:name>/<int:version>/undo", views.undo, name="undo"),
]
