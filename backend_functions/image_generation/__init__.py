"""Making pictures: the endpoint that asks for one, and the job that makes it."""
