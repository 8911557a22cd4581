from __future__ import annotations

from django.urls import path

from consult.widget import contact, views

urlpatterns = [
    path("boot/<str:language>/", views.boot, name="boot"),
    path("me/", views.me, name="me"),
    path("engage/", views.engage, name="engage"),
    path("contact/", contact.contact, name="contact"),
]
