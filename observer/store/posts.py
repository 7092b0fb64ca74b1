"""What receivers call things: messages of incidents (Post) and people (Person). In and out: those."""

from __future__ import annotations

from sqlalchemy import delete, select

from observer.incidents.posts import Person, Post
from observer.store import incident_tables as t
from observer.store.database import Database, insert_or_change
from observer.store.evidence import storable_text
from observer.store.rows import AnyRow


class Posts:
    """Of one incident at most one message stands at each receiver."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def post_of(self, receiver: str, incident: str) -> Post | None:
        """Where the incident's message stands, or was begun to be posted."""
        p = t.incident_posts
        query = select(p).where(p.c.receiver == receiver, p.c.incident == incident)
        with self._database.transaction() as connection:
            row = connection.execute(query).first()
            return None if row is None else Post(**row._mapping)

    def begin_post(self, post: Post) -> None:
        """Say, before posting, that it is going to be posted. Takes the place of an earlier one of the incident."""
        self._keep(post)

    def post_stands(self, post: Post) -> None:
        """It landed: `message` says as what."""
        self._keep(post)

    def _keep(self, post: Post) -> None:
        row = {name: storable_text(value) if isinstance(value, str) else value for name, value in vars(post).items()}
        with self._database.transaction(writes=True) as connection:
            insert_or_change(connection, t.incident_posts, row)

    def forget_post(self, post: Post) -> None:
        """There is no such message any more. Nothing when another one took its place."""
        p = t.incident_posts.c
        same = (p.receiver == post.receiver, p.incident == post.incident, p.message == post.message)
        with self._database.transaction(writes=True) as connection:
            connection.execute(delete(t.incident_posts).where(*same))

    def person(self, receiver: str, username: str) -> Person | None:
        """What the receiver said of somebody; None: it was never asked."""
        p = t.incident_people
        query = select(p).where(p.c.receiver == receiver, p.c.username == storable_text(username))
        with self._database.transaction() as connection:
            row = connection.execute(query).first()
            return None if row is None else _person(row)

    def people(self, receiver: str) -> tuple[Person, ...]:
        """All that it was asked for, by username."""
        p = t.incident_people
        with self._database.transaction() as connection:
            rows = connection.execute(select(p).where(p.c.receiver == receiver).order_by(p.c.username))
            return tuple(_person(row) for row in rows)

    def know(self, person: Person) -> None:
        """Keep what it said last."""
        row = {name: storable_text(value) if isinstance(value, str) else value for name, value in vars(person).items()}
        with self._database.transaction(writes=True) as connection:
            insert_or_change(connection, t.incident_people, row)


def _person(row: AnyRow) -> Person:
    return Person(**row._mapping)
