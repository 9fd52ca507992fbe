"""The secret and keys that the clients' test suites have written into them.

Source: the development constants of the npm package `supabase`.
"""

SECRET = "super-secret-jwt-token-with-at-least-32-characters-long"
PUBLISHABLE_KEY = "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH"
SECRET_KEY = "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz"
LEGACY_ISSUED_AT = 1_641_769_200
LEGACY_LIFETIME_SECONDS = 10 * 365 * 24 * 3600
