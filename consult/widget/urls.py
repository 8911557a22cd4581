from __future__ import annotations

from django.urls import path

from consult.widget import call, contact, invite, letter, resume, views

urlpatterns = [
    path("boot/<str:language>/", views.boot, name="boot"),
    path("me/", views.me, name="me"),
    path("engage/", views.engage, name="engage"),
    path("reach/<str:language>/", views.reach, name="reach"),
    path("invite/", invite.invite, name="invite"),
    path("contact/", contact.contact, name="contact"),
    path("letter/", letter.letter, name="letter"),
    path("call/", call.call, name="call"),
    path("resume/<str:token>/", resume.resume, name="resume"),
]
