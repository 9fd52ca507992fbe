"""The data API `/rest/v1` in PostgREST's dialect."""
