from django.urls import path

from consult.chat.exchange import over_http_desk, over_http_visitor
from consult.widget import urls as widget

app_name = "consult"

urlpatterns = [
    *widget.urlpatterns,
    path("exchange/visitor/", over_http_visitor, name="exchange_visitor"),
    path("exchange/desk/", over_http_desk, name="exchange_desk"),
]
