from consult.widget.urls import urlpatterns

app_name = "consult"

__all__ = ["app_name", "urlpatterns"]
