"""Addresses of accounts."""

from django.urls import path

from polso.web.accounts import views

urlpatterns = [
    path("welcome/", views.welcome, name="welcome"),
    path("invitation/<str:secret>/", views.accept, name="accept"),
    path("people/", views.people, name="people"),
    path("people/<int:pk>/close", views.let_go, name="let_go"),
    path("me/", views.myself, name="myself"),
    path("me/keys", views.cut_key, name="cut_key"),
    path("me/keys/<int:pk>/revoke", views.revoke_key, name="revoke_key"),
    path("language", views.language, name="language"),
]
