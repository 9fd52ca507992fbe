"""Every failure the client can report, and the code the process exits with.

    PocketLLMError                                       1
    +- Conflict | NotConfigured | LocalFileProblem | OutputProblem | KeyringProblem
    +- BackendMissing | BackendProblem | NotTransferred
    +- UsageProblem                                      2   a value the parser could not judge
    |  +- InvalidRequest | TooLarge | FileNotStored | UnreadablePicture | AmbiguousId
    +- NotSignedIn                                       3
    |  +- SessionExpired | WrongPassword | WrongCode | LocalAccountLost
    +- NotAllowed                                        3
    |  +- PasswordNeeded | CodeNeeded | NoSecretKey | SecretKeyRefused
    +- BackendUnreachable | BackendTimeout | ConnectionLost                               4
    +- QuotaExceeded                                     5
    |  +- ProviderFailed | ProviderRejectedKey | ProviderBusy
    |  +- ProviderRefused | ProviderUnreachable
    +- NotFound                                          6
    |  +- ChatNotFound | MessageNotFound | NothingToFollow | ModelNotFound | ContextNotFound
    |  +- JobNotFound | UserNotFound
    +- AnswerIncomplete | AnswerInterrupted | AnswerCancelled | JobFailed                 7
    +- Stopped | Terminated | HungUp       130, 143, 129  a signal ended it

Any error may end with 7 instead: when it ended an answer that had begun.
Anything else ends with 1 and the name of a log file; Ctrl-C ends with 130.
"""

from enum import IntEnum
from typing import ClassVar, Self


class ExitCode(IntEnum):
    """What scripts may rely on; a number is never given a second meaning."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    OK = 0, "Done."
    FAILURE = 1, "Failed for a reason that no other code names."
    USAGE = 2, "The command line, its input or the config file cannot be right."
    AUTH = 3, "Not signed in, or not allowed."
    UNAVAILABLE = 4, "The backend cannot be reached, or did not answer in time."
    REFUSED = 5, "The model provider refused or failed, or a quota is used up."
    NOT_FOUND = 6, "There is no such chat, message, model config, job, context or running answer."
    INCOMPLETE = 7, "The answer ended before it was complete, or the job failed."
    HUNG_UP = 129, "Its terminal was closed (SIGHUP)."
    INTERRUPTED = 130, "Interrupted with Ctrl-C."
    TERMINATED = 143, "Stopped by another program (SIGTERM)."


class ReaderGone(Exception):
    """Nobody reads our output any more, as after `| head -1`; the command ends quietly."""


class PocketLLMError(Exception):
    """Base of everything that `main()` turns into one sentence and a hint on stderr."""

    code: ClassVar[str] = "failed"
    exit_code: ExitCode = ExitCode.FAILURE
    default_message: ClassVar[str] = "Something went wrong."
    default_hint: ClassVar[str] = "Run it again with `--debug` for a log."

    context_name: str | None = None
    """The context whose backend it came from, where it came from one."""

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        self.message = message or self.default_message
        self.hint = hint or self.default_hint
        super().__init__(self.message)

    def name_context(self, *, in_message: bool) -> None:
        """Tell which context it is about: in the commands of the hint, or in the sentence too."""
        if self.context_name is None:
            return
        if in_message:
            self.message = f"In the context “{self.context_name}”: {self.message}"
        named = f"`pocketllm --context {self.context_name} "
        self.hint = self.hint.replace("`pocketllm ", named)


class Conflict(PocketLLMError):
    """What is asked for contradicts what is stored."""

    code = "conflict"
    default_message = "That contradicts what is stored already."
    default_hint = "Choose another name, or change what is there."


class NotConfigured(PocketLLMError):
    """The model config lacks something the request needs."""

    code = "not_configured"
    default_message = "The model config is not complete."
    default_hint = "See `pocketllm models list` and `pocketllm models edit NAME --help`."


class SearchNotConfigured(NotConfigured):
    """Neither this user nor the backend has a key for web search."""

    code = "search_not_configured"
    default_message = "Web search needs a key of Tavily, and there is none."
    default_hint = (
        "Add yours: `pocketllm models add web --provider tavily --model search`,"
        " or set TAVILY_API_KEY where the backend is started."
    )


class ImagesNotConfigured(NotConfigured):
    """Neither this user nor the backend has a key for pictures."""

    code = "images_not_configured"
    default_message = "Pictures need a key of ImageRouter, and there is none."
    default_hint = (
        "Add yours: `pocketllm models add pictures --provider imagerouter --model test/test`,"
        " or set IMAGEROUTER_API_KEY where the backend is started."
    )


class NotTransferred(PocketLLMError):
    """Something was not brought to the other backend, or differs there."""

    code = "not_transferred"
    default_message = "Not everything was brought over; nothing is lost at the source."
    default_hint = "See the list above; running it again brings over what is missing."


class LocalFileProblem(PocketLLMError):
    """A file of ours cannot be read or written, or is not safe to use."""

    code = "local_file"
    default_message = "A local file could not be used."
    default_hint = "POCKETLLM_HOME names another folder for the files of pocketllm."


class OutputProblem(PocketLLMError):
    """Standard output does not take what we write."""

    code = "output"
    default_message = "The output could not be written."
    default_hint = "Check where the output goes and whether the disk is full."


class KeyringProblem(PocketLLMError):
    """The keyring that holds the session does not answer."""

    code = "keyring"
    default_message = "The system keyring did not answer."
    default_hint = "Unlock the keyring and try again, or run `pocketllm login`."


class BackendMissing(PocketLLMError):
    """The embedded backend is asked for but not installed."""

    code = "backend_not_installed"
    default_message = "The embedded backend is not installed."
    default_hint = (
        "Install it with `pip install 'pocketllm[server,local]'`, "
        "or name a hosted one with `pocketllm context add`."
    )


class BackendProblem(PocketLLMError):
    """The backend answered with a failure that has no name of its own."""

    code = "backend_failed"
    default_message = "The backend failed."
    default_hint = "Try again; `--debug` writes a log of what was said."


class UsageProblem(PocketLLMError):
    """A bad value the parser could not see, or a broken config file."""

    code = "usage"
    exit_code = ExitCode.USAGE
    default_message = "The command line is not right."
    default_hint = "See `pocketllm --help`."


class InvalidRequest(UsageProblem):
    """The backend found a value that cannot be."""

    code = "invalid_request"
    default_message = "The backend did not accept a value."
    default_hint = "Correct it and try again."


class TooLarge(UsageProblem):
    """More text than one request may carry."""

    code = "too_large"
    default_message = "That is more text than one request may carry."
    default_hint = "A prompt may have up to 1,000,000 characters; send a part of it."


class FileNotStored(UsageProblem):
    """A file that the bucket does not take: too large, of a type it does not hold, or changing."""

    code = "file_not_stored"
    default_message = "The file could not be stored."
    default_hint = (
        "Images, PDF, JSON and text of up to 50 MB are taken. `pocketllm files list` shows what is "
        "there, `pocketllm files remove PATH` makes room."
    )


class UnreadablePicture(UsageProblem):
    """A file that begins as a picture and is none that can be shown or sent."""

    code = "unreadable_picture"
    default_message = "The picture cannot be read."
    default_hint = "Open it in another program and save it as PNG or JPEG."


class AmbiguousId(UsageProblem):
    """The beginning of an id fits several records; the hint lists them."""

    code = "ambiguous_id"
    default_message = "That id fits more than one."
    default_hint = "Give more of it."


class NotSignedIn(PocketLLMError):
    """No usable session."""

    code = "not_signed_in"
    exit_code = ExitCode.AUTH
    default_message = "You are not signed in."
    default_hint = "Run `pocketllm login`, or `pocketllm signup` for a new account."


class SessionExpired(NotSignedIn):
    """The server has ended the session for good."""

    code = "session_expired"
    default_message = "Your session has ended."
    default_hint = "Run `pocketllm login`."


class WrongPassword(NotSignedIn):
    """The server knows no such pair of address and password."""

    code = "wrong_password"
    default_message = "The email or the password is wrong."
    default_hint = "Try `pocketllm login` again, or `pocketllm signup` for a new account."


class WrongCode(NotSignedIn):
    """The code from a mail is not known, was used, or is too old."""

    code = "wrong_code"
    default_message = "The code is wrong or too old."
    default_hint = "Ask for another one."


class NotAllowed(PocketLLMError):
    """Signed in, but this is not yours to do."""

    code = "not_permitted"
    exit_code = ExitCode.AUTH
    default_message = "You are not allowed to do this."
    default_hint = "`pocketllm whoami` shows who you are signed in as."


class PasswordNeeded(NotAllowed):
    """The backend wants the current password before it changes it."""

    code = "password_needed"
    default_message = "The backend wants the current password as well."
    default_hint = "With `--password-stdin` it is the second line."


class CodeNeeded(NotAllowed):
    """The backend wants a mailed code before it changes the password."""

    code = "code_needed"
    default_message = "The backend wants a code, which was mailed to you."
    default_hint = "Do it again; with `--password-stdin` the code is the second line."


class NoSecretKey(NotAllowed):
    """An operator's command, and no secret key to do it with."""

    code = "no_secret_key"
    default_message = "This needs the project's secret key."
    default_hint = (
        "Set SUPABASE_SECRET_KEY (or SUPABASE_SERVICE_ROLE_KEY), or keep it in the keyring with "
        "`pocketllm admin secret-key keep`."
    )


class SecretKeyRefused(NotAllowed):
    """The backend does not take the secret key."""

    code = "secret_key_refused"
    default_message = "The backend did not accept the secret key."
    default_hint = (
        "Look at what is used with `pocketllm admin secret-key show`; keys are in the "
        "project's settings."
    )


class LocalAccountLost(NotSignedIn):
    """The embedded backend has a local account whose password is gone from this machine."""

    code = "local_account_lost"
    default_message = "The password of this machine's local account is lost."
    default_hint = (
        "Start afresh with `pocketllm backend reset` (deletes its chats), "
        "or make another account with `pocketllm signup`."
    )


class BackendUnreachable(PocketLLMError):
    """No connection, or something else than our backend answers; trying again may help."""

    code = "backend_unreachable"
    exit_code = ExitCode.UNAVAILABLE
    default_message = "The backend cannot be reached."
    default_hint = (
        "Check the network and `pocketllm context show`; "
        "for the embedded backend see `pocketllm backend status`."
    )


class BackendTimeout(BackendUnreachable):
    """The backend took longer than we wait."""

    code = "backend_timeout"
    default_message = "The backend did not answer in time."


class ConnectionLost(BackendUnreachable):
    """The stream of an answer ended before its last event."""

    code = "connection_lost"
    default_message = "The connection was lost; the answer goes on at the backend and is kept."
    default_hint = (
        "Take it up with `pocketllm chats follow last`, "
        "or read it with `pocketllm chats show last`."
    )


class QuotaExceeded(PocketLLMError):
    """More requests than are taken for now."""

    code = "too_many_requests"
    exit_code = ExitCode.REFUSED
    default_message = "Too many requests for now."
    default_hint = "Wait a moment and try again."
    retry_after_seconds: float | None = None
    """How long whoever refused asks us to wait."""

    def wait(self, seconds: float) -> None:
        """Note how long to wait, and say so."""
        self.retry_after_seconds = seconds
        self.hint = f"Try again in {_duration(seconds)}."


class ProviderFailed(QuotaExceeded):
    """The model provider failed in a way no other class says better."""

    code = "provider_failed"
    default_message = "The model provider failed."
    default_hint = "Try again, or check the model config with `pocketllm models test NAME`."


class ProviderRejectedKey(ProviderFailed):
    """The provider does not take the stored key."""

    code = "provider_rejected_key"
    default_message = "The model provider rejected the key."
    default_hint = "Store another with `pocketllm models edit NAME --key-stdin`."


class ProviderBusy(ProviderFailed):
    """The provider is overloaded or the quota with it is used up."""

    code = "provider_busy"
    default_message = "The model provider is busy, or your quota there is used up."
    default_hint = "Try again later, or use another model with `-m NAME`."


class ProviderRefused(ProviderFailed):
    """The provider understood and refused."""

    code = "provider_refused"
    default_message = "The model provider refused the request."
    default_hint = "Check the model's name and settings with `pocketllm models show NAME`."


class ProviderUnreachable(ProviderFailed):
    """The backend cannot reach the provider."""

    code = "provider_unreachable"
    default_message = "The model provider could not be reached."
    default_hint = "Check the address with `pocketllm models show NAME`, or try again later."


class NotFound(PocketLLMError):
    """Missing, or somebody else's."""

    code = "not_found"
    exit_code = ExitCode.NOT_FOUND
    default_message = "There is no such thing."
    default_hint = "Check the name or id."


class ChatNotFound(NotFound):
    """No chat has this id."""

    code = "chat_not_found"
    default_message = "There is no such chat."
    default_hint = "Run `pocketllm chats list` to see yours."


class MessageNotFound(NotFound):
    """No message has this id, or none where it was looked for."""

    code = "message_not_found"
    default_message = "There is no such message."
    default_hint = "Run `pocketllm chats show last --json` to see the ids."


class NothingToFollow(NotFound):
    """No answer is being written in this chat."""

    code = "nothing_to_follow"
    default_message = "No answer is being written in this chat."
    default_hint = "Read it with `pocketllm chats show last`."


class ModelNotFound(NotFound):
    """No model config has this name."""

    code = "model_not_found"
    default_message = "There is no such model config."
    default_hint = "Run `pocketllm models list` to see yours."


class UserNotFound(NotFound):
    """No user has this id or address."""

    code = "user_not_found"
    default_message = "There is no such user."
    default_hint = "Run `pocketllm admin users list` to see them."


class ContextNotFound(NotFound):
    """No context has this name."""

    code = "context_not_found"
    default_message = "There is no such context."
    default_hint = "Run `pocketllm context list` to see yours."


class JobNotFound(NotFound):
    """No job has this id."""

    code = "job_not_found"
    default_message = "There is no such job."
    default_hint = "Run `pocketllm jobs list` to see yours."


class JobFailed(PocketLLMError):
    """A job that was waited for ended without a result."""

    code = "job_failed"
    exit_code = ExitCode.INCOMPLETE
    default_message = "The job failed."
    default_hint = "Do it anew with `pocketllm jobs retry last`."


class AnswerIncomplete(PocketLLMError):
    """The provider's stream ended without its end marker."""

    code = "provider_incomplete"
    exit_code = ExitCode.INCOMPLETE
    default_message = "The answer broke off before its end."
    default_hint = (
        'What there is has been kept; `pocketllm ask -c "go on"` continues it, '
        "`pocketllm ask --regenerate` begins it anew."
    )


class AnswerInterrupted(AnswerIncomplete):
    """The server that wrote the answer was stopped."""

    code = "interrupted_answer"
    default_message = "The answer was interrupted. The server that wrote it was stopped."


class AnswerCancelled(AnswerIncomplete):
    """Somebody stopped the answer."""

    code = "cancelled"
    default_message = "The answer was cancelled."


class Stopped(PocketLLMError):
    """Ctrl-C, while an answer was being written."""

    code = "interrupted"
    exit_code = ExitCode.INTERRUPTED
    default_message = "Stopped; the answer is kept as far as it came."
    default_hint = "Read it with `pocketllm chats show last`."


class Terminated(Stopped):
    """SIGTERM, while an answer was being written."""

    code = "terminated"
    exit_code = ExitCode.TERMINATED


class HungUp(Stopped):
    """SIGHUP, while an answer was being written."""

    code = "hung_up"
    exit_code = ExitCode.HUNG_UP


_BY_SERVER_CODE: dict[str, type[PocketLLMError]] = {
    "not_authenticated": SessionExpired,
    "not_permitted": NotAllowed,
    "not_found": NotFound,
    "conflict": Conflict,
    "not_configured": NotConfigured,
    "search_not_configured": SearchNotConfigured,
    "images_not_configured": ImagesNotConfigured,
    "invalid_request": InvalidRequest,
    "unsupported_media_type": InvalidRequest,
    "too_large": TooLarge,
    "too_slow": BackendTimeout,
    "too_many_requests": QuotaExceeded,
    "unavailable": BackendUnreachable,
    "connection_lost": ConnectionLost,
    "backend_timeout": BackendTimeout,
    "provider_failed": ProviderFailed,
    "provider_rejected_key": ProviderRejectedKey,
    "provider_busy": ProviderBusy,
    "provider_refused": ProviderRefused,
    "provider_unreachable": ProviderUnreachable,
    "provider_incomplete": AnswerIncomplete,
}


def error_for(code: str, message: str | None) -> PocketLLMError:
    """Build the error for a code of the backend's functions."""
    return _BY_SERVER_CODE.get(code, BackendProblem)(message)


def error_of_answer(code: str, message: str | None, *, has_text: bool) -> PocketLLMError:
    """Build the error for the code with which an answer ended.

    Args:
        has_text: Whether any of it came; then it is an incomplete answer, whatever ended it.
    """
    if code == "unavailable":
        return AnswerInterrupted(f"The answer was interrupted. {message or ''}".rstrip())
    error = error_for(code, message)
    if has_text:
        error.exit_code = ExitCode.INCOMPLETE
        error.hint = AnswerIncomplete.default_hint
    return error


def _duration(seconds: float) -> str:
    whole = max(round(seconds), 1)
    if whole < 120:
        return f"{whole} second{'s' if whole > 1 else ''}"
    return f"{-(-whole // 60)} minutes"
