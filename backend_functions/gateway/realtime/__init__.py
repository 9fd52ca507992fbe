"""Realtime: who follows a channel hears of broadcasts, of presence and of changes of rows."""
