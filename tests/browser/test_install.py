"""What the documents tell somebody with a shop of their own to do, done to the letter in a fresh project."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import people
from tests.browser.test_readme import answer
from tests.faults.machines import ROOT, free_port

PASSWORD = "consult-1234"
BLOCK = r"(?:^(.*):\n\n)?^```(\w+)\n((?:(?!```).*\n)*)```$"  # what is said before it, its language, its lines

# The shop as it was before: a project and an app, with pages, a checkout and an admin of its own.
SHOP = {
    "orders/models.py": """\
        from django.db import models


        class Order(models.Model):
            name = models.CharField(max_length=80)
            email = models.EmailField()
            phone = models.CharField(max_length=40, blank=True)
    """,
    "orders/views.py": """\
        from django.shortcuts import redirect, render

        from orders.models import Order


        def home(request):
            return render(request, "home.html")


        def checkout(request):
            order = Order(name=request.POST["name"], email=request.POST["email"])
            order.save()
            return redirect("/")
    """,
    "orders/admin.py": """\
        from django.contrib import admin

        from orders.models import Order


        @admin.register(Order)
        class OrderAdmin(admin.ModelAdmin):
            list_display = ["name"]
    """,
    "orders/templates/base.html": """\
        <!doctype html>
        <html lang="en">
        <head><title>Shop</title></head>
        <body>
        {% block content %}{% endblock %}
        </body>
        </html>
    """,
    "orders/templates/home.html": """\
        {% extends "base.html" %}
        {% block content %}
        <h1>Lamps</h1>
        <form method="post" action="/checkout/">{% csrf_token %}
        <input name="name"><input name="email"><button>Buy</button></form>
        {% endblock %}
    """,
    "shop/urls.py": """\
        from django.contrib import admin
        from django.urls import path

        from orders import views

        urlpatterns = [
            path("", views.home),
            path("checkout/", views.checkout),
            path("admin/", admin.site.urls),
        ]
    """,
}


class Project:
    """A new project with an environment of its own, and the packages of this one."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.log = home / "log"
        self.server: subprocess.Popen[bytes] | None = None
        environment = home / ".venv"
        self.run(f"{sys.executable} -m venv --without-pip {environment}")
        (folder,) = environment.glob("lib/python*/site-packages")
        ours = {sysconfig.get_path("purelib"), *(path for path in sys.path if path.endswith("site-packages"))}
        (folder / "ours.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in sorted(ours)))
        wheel = f"{sys.executable} -m hatchling build --target wheel --directory {home / 'wheels'}"
        subprocess.run(wheel.split(), cwd=ROOT, check=True, capture_output=True)
        self.run("python -m django startproject shop .")
        self.run("python manage.py startapp orders")
        for path, text in SHOP.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(dedent(text))
        with (home / "shop/settings.py").open("a") as file:
            file.write('INSTALLED_APPS += ["orders"]\n')

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def follow(self, document: str) -> None:
        """Do what each block of ``document`` says, in the file that the line before it names last."""
        for said, language, text in re.findall(BLOCK, document, re.MULTILINE):
            path = self.home / "".join(re.findall(r"`(\w[\w/]*\.(?:py|html))`", said)[-1:])
            if language == "sh":
                for line in text.splitlines():
                    self.type(line)
            elif language == "diff":
                path.write_text(changed(path.read_text(), text))
            elif "whole of" in said:
                path.write_text(text)
            else:
                path.write_text(f"{path.read_text()}\n{text}")

    def type(self, line: str) -> None:
        if "runserver" in line:
            self.serve(f"{line} {self.port}")
        elif "createsuperuser" in line:
            self.run(f"{line} --noinput")
        else:
            self.run(line)

    def run(self, line: str) -> None:
        done = subprocess.run(line, shell=True, cwd=self.home, env=self.environment(), capture_output=True, text=True)  # noqa: S602
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        assert "consult." not in done.stderr, done.stderr  # what check says of us

    def serve(self, line: str) -> None:
        with self.log.open("w") as log:
            self.server = subprocess.Popen(  # noqa: S602
                line,
                shell=True,
                cwd=self.home,
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        assert "<consult-widget" in answer(self.url, self.server, self.log, patience=30)

    def environment(self) -> dict[str, str]:
        """Somebody's shell in the project: its environment is active, and nothing of ours is set."""
        kept = {name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "HOME", "LANG"))}
        account = {"USERNAME": "boss", "EMAIL": "boss@shop.example", "PASSWORD": PASSWORD}
        return kept | {
            "PATH": os.pathsep.join([str(self.home / ".venv" / "bin"), os.environ["PATH"]]),
            # What pip may take: this project's wheel, where the packages here don't hold it already.
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.home / "wheels"),
            **{f"DJANGO_SUPERUSER_{name}": value for name, value in account.items()},
        }

    def end(self) -> None:
        if self.server is not None:
            os.killpg(self.server.pid, signal.SIGTERM)  # the reloader too
            self.server.wait()


def changed(text: str, difference: str) -> str:
    """``text`` after a block of lines with ``+`` and ``-``, whose place there must be found, and only once."""
    lines = difference.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if not line.startswith("+"))
    after = "".join(line[1:] for line in lines if not line.startswith("-"))
    assert text.count(before) == 1, f"no such place, or more than one:\n{before}\nin:\n{text}"
    return text.replace(before, after)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    yield project
    project.end()


@pytest.fixture
def visitor(project: Project, browser: Browser) -> Iterator[Page]:
    with browser.new_context(base_url=project.url, locale="en-GB") as context:
        yield context.new_page()


@pytest.fixture
def staff(project: Project, browser: Browser) -> Iterator[Page]:
    with browser.new_context(base_url=project.url, locale="en-GB") as context:
        yield context.new_page()


def test_what_the_readme_says_in_short(project: Project, visitor: Page) -> None:
    readme = (ROOT / "README.md").read_text()
    project.follow(readme.partition("## Put it into your own shop")[2].partition("\n## ")[0])
    people.open_panel(visitor)
    people.leave_letter(visitor, "Is anybody there?")
    expect(people.rows(visitor, "sent")).to_contain_text("Is anybody there?")


def test_step_by_step(project: Project, visitor: Page, staff: Page) -> None:
    project.follow((ROOT / "docs" / "install.md").read_text().partition("## In production")[0])
    sign_in(staff, "boss", "/admin/auth/user/add/")
    employ(staff, "olga", "Can answer conversations")
    staff.context.clear_cookies()
    sign_in(staff, "olga", "/admin/consult/desk/")
    expect(staff.locator("consult-desk")).to_have_attribute("data-connection", "online")
    with staff.expect_response("**/duty/"):
        staff.get_by_role("switch", name="Available").click()

    people.open_panel(visitor)
    people.say(visitor, "Does it dim?")
    staff.get_by_role("list", name="Conversations").get_by_role("link").filter(has_text="Does it dim?").click()
    staff.get_by_role("textbox", name="Your answer").fill("Yes, with any dimmer.")
    staff.get_by_role("button", name="Send").click()
    expect(people.rows(visitor).filter(has_text="Yes, with any dimmer.")).to_be_visible()

    visitor.fill("[name=name]", "Vera")
    visitor.fill("[name=email]", "vera@home.example")
    visitor.get_by_role("button", name="Buy").click()
    staff.context.clear_cookies()
    sign_in(staff, "boss", "/admin/orders/order/")
    expect(staff.get_by_role("link", name="B-1", exact=True)).to_be_visible()
    expect(staff.get_by_role("cell", name="Visitor")).to_be_visible()


def sign_in(page: Page, name: str, address: str) -> None:
    page.goto(f"/admin/login/?next={address}")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url(f"**{address}")


def employ(page: Page, name: str, permission: str) -> None:
    """As an administrator does: add the user, then tick and choose what the document names."""
    page.fill("[name=username]", name)
    page.fill("[name=password1]", PASSWORD)
    page.fill("[name=password2]", PASSWORD)
    page.get_by_role("button", name="Save and continue editing").click()
    page.get_by_role("checkbox", name="Staff status").check()
    page.locator("#id_user_permissions_from option").filter(has_text=permission).dblclick()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
