from django.urls import path

from breakpoints import views

urlpatterns = [
    path("", views.index),
    path("api/breakpoints", views.breakpoints),
    path("api/breakpoints/<str:identifier>", views.breakpoint_),
]
