"""Addresses of customers; an id may hold any letter, so it stands after the question mark."""

from django.urls import path

from polso.web.customers import views

urlpatterns = [
    path("", views.search, name="customers"),
    path("one", views.customer, name="customer"),
    path("one/everything.<slug:kind>", views.export, name="customer_export"),
    path("one/erase", views.erase, name="customer_erase"),
    path("erased", views.erased, name="customer_erased"),
]
