"""Addresses of cases."""

from django.urls import path

from polso.web.cases import rule_views, views

urlpatterns = [
    path("", views.cases, name="cases"),
    path("<int:pk>/", views.case, name="case"),
    path("<int:pk>/<slug:what>", views.do, name="case_do"),
    path("rules/", rule_views.rules, name="case_rules"),
    path("rules/new", rule_views.edit, name="case_rule_new"),
    path("rules/try", rule_views.try_out, name="case_rule_try"),
    path("rules/<int:pk>/", rule_views.edit, name="case_rule"),
    path("rules/<int:pk>/stop", rule_views.stop, name="case_rule_stop"),
    path("rules/team", rule_views.team, name="case_team_new"),
    path("rules/team/<int:pk>", rule_views.team, name="case_team"),
    path("rules/reason", rule_views.reason, name="case_reason_new"),
    path("rules/reason/<int:pk>", rule_views.reason, name="case_reason"),
]
