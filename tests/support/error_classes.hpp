// Every class of errors.hpp, for tests that go through all of them.
#pragma once

#include "inference_exp/errors.hpp"

namespace inference_exp::testing {

template <typename... Types>
struct TypeList {};

using ErrorClasses =
    TypeList<EnvironmentConfigurationError, InvalidEnvVariable, MissingDependencyError, ModelRuntimeError,
             OutOfDeviceMemoryError, ModelInputError, InvalidParameterError, AssumptionError, OperationCancelledError,
             RetryError, RangeRequestNotSupportedError, UntrustedFileError, FileHashSumMissmatch, ModelCacheError,
             FileLockTimeoutError, ModelRetrievalError, UnauthorizedModelAccessError, ForbiddenModelAccessError,
             PaymentRequiredModelAccessError, UsagePausedModelAccessError, ModelNotFoundError,
             ModelMetadataConsistencyError, ModelMetadataHandlerNotImplementedError, ModelPackageNegotiationError,
             UnknownBackendTypeError, UnknownQuantizationError, InvalidRequestedBatchSizeError,
             NoModelPackagesAvailableError, AmbiguousModelPackageResolutionError, RuntimeIntrospectionError,
             JetsonTypeResolutionError, ModelLoadingError, ModelPackageAlternativesExhaustedError,
             InsecureModelIdentifierError, CorruptedModelPackageError, UntrustedCheckpointError,
             DirectLocalStorageAccessError, ForbiddenLocalCodePackageAccessError, ModelImplementationNotFoundError,
             MissingModelInitParameterError, InvalidModelInitParameterError>;

}  // namespace inference_exp::testing
