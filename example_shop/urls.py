from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from example_shop import views

shop = [
    path("", views.catalogue, name="catalogue"),
    path("lamps/<slug:slug>/", views.product, name="product"),
    path("delivery/", views.delivery, name="delivery"),
    path("basket/", views.basket, name="basket"),
    path("basket/add/<slug:slug>/", views.add, name="add"),
    path("basket/change/<int:line>/", views.change, name="change"),
    path("checkout/", views.checkout, name="checkout"),
    path("orders/<uuid:key>/", views.order, name="order"),
]

urlpatterns = [
    path("", include((shop, "shop"))),
    path("accounts/signup/", views.signup, name="signup"),
    path("accounts/login/", LoginView.as_view(template_name="example_shop/login.html"), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("consult/", include("consult.urls")),
    path("admin/", admin.site.urls),
    path("favicon.ico", views.favicon),
]
