"""Errors of inference_exp, with the names and parents of the C++ library.

Every error carries `message` (what went wrong), `hint` (what to do about it, may be empty), `help_page` and `help_url`.
"""

from __future__ import annotations

import re


class Error(Exception):
    """Root of the hierarchy. `str()` is the message followed by the hint."""

    def __init__(self, message: str = "", hint: str = "", help_url: str | None = None) -> None:
        super().__init__(f"{message} {hint}" if hint else message)
        self.message = message
        self.hint = hint
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()
        self.help_page = f"docs/errors/{name}.md"
        self.help_url = help_url or self.help_page


# The names that the root has in the Python original.
BaseInferenceError = Error
BaseInferenceModelsError = Error


class EnvironmentConfigurationError(Error):
    """No usable execution provider or device for what was asked."""


class InvalidEnvVariable(Error):
    """An environment variable of this library has a value that cannot be used."""


class MissingDependencyError(Error):
    """A backend plug-in, or the runtime library it needs, is not installed."""


class ModelRuntimeError(Error):
    """The backend failed while running, or gave outputs the model family cannot read."""


class OutOfDeviceMemoryError(ModelRuntimeError):
    """A device has too little free memory. The model, and every other one, stays usable."""


class ModelInputError(Error):
    """An input image cannot be processed: empty, too large, wrong type or channel count."""


class InvalidParameterError(Error):
    """An argument or option has a value outside its range."""


class AssumptionError(Error):
    """Two things that the caller gave contradict each other."""


class OperationCancelledError(Error):
    """The caller stopped the work through its progress callback."""


class RetryError(Error):
    """The network or the server failed, again after every retry."""


class RangeRequestNotSupportedError(Error):
    """The server answered a request for a part of a file with something else."""


class UntrustedFileError(Error):
    """A file comes without a hash, and such files are not allowed."""


class FileHashSumMissmatch(Error):
    """A downloaded file is not the one that was announced. (The name is spelled as in the original.)"""


class ModelCacheError(Error):
    """The cache folder cannot be used: not writable, full, or damaged."""


class FileLockTimeoutError(ModelCacheError):
    """Another process holds a lock of the cache for longer than this one may wait."""


class ModelRetrievalError(Error):
    """The model could not be found or fetched."""


class UnauthorizedModelAccessError(ModelRetrievalError):
    """The provider does not know the API key, or an access rule forbids the model."""

    status_code = 401


class ForbiddenModelAccessError(ModelRetrievalError):
    """The API key is valid but does not give access to the model."""

    status_code = 403


class PaymentRequiredModelAccessError(ModelRetrievalError):
    """The provider asks for a payment first."""

    status_code = 402


class UsagePausedModelAccessError(ModelRetrievalError):
    """The provider has paused the use of the account."""

    status_code = 423


class ModelNotFoundError(ModelRetrievalError):
    """The provider has no model of that id."""


class ModelMetadataConsistencyError(ModelRetrievalError):
    """What the provider says of a package contradicts itself or cannot be read."""


class ModelMetadataHandlerNotImplementedError(ModelRetrievalError):
    """The provider describes a kind of machine that this library does not know."""


class ModelPackageNegotiationError(Error):
    """No package of the model fits the request."""


class UnknownBackendTypeError(ModelPackageNegotiationError):
    """The caller named a backend that does not exist."""


class UnknownQuantizationError(ModelPackageNegotiationError):
    """The caller named a quantization that does not exist."""


class InvalidRequestedBatchSizeError(ModelPackageNegotiationError):
    """The batch size that was asked for is not a size or a range."""


class NoModelPackagesAvailableError(ModelPackageNegotiationError):
    """No package of the model can run here as asked; the message says why, reason by reason."""


class AmbiguousModelPackageResolutionError(ModelPackageNegotiationError):
    """Several packages have the id that was asked for."""


class RuntimeIntrospectionError(ModelPackageNegotiationError):
    """This machine could not be examined."""


class JetsonTypeResolutionError(RuntimeIntrospectionError):
    """JETSON_MODULE names no Jetson that this library knows."""


class ModelLoadingError(Error):
    """The model could not be loaded."""


class ModelPackageAlternativesExhaustedError(ModelLoadingError):
    """Every package that could run here failed to load; the message has one line for each."""


class InsecureModelIdentifierError(ModelLoadingError):
    """A package id could lead outside the cache."""


class CorruptedModelPackageError(ModelLoadingError):
    """A file of the package is missing or malformed."""


class UntrustedCheckpointError(ModelLoadingError):
    """A checkpoint asks for more than data: to read it would mean to run what it names."""


class DirectLocalStorageAccessError(ModelLoadingError):
    """A local path was given while local loading is forbidden."""


class ForbiddenLocalCodePackageAccessError(ModelLoadingError):
    """The package wants to run code of its own, which this library never does."""


class ModelImplementationNotFoundError(ModelLoadingError):
    """No family serves this architecture and task."""


class MissingModelInitParameterError(ModelLoadingError):
    """A bare model file needs an option that was not given."""


class InvalidModelInitParameterError(ModelLoadingError):
    """An option for a bare model file has a wrong value."""
