/* The C interface of inference-exp: open a model, give it images, read results. Plain C99, usable from C++, and from
 * any language that can call C.
 *
 * Contract
 *  - Handles (model, predictions, embeddings, error) are opaque. Whoever receives one frees it with its type's `_free`;
 *    texts received as `char*` are freed with inference_exp_string_free. Freeing NULL does nothing.
 *  - Pointers that an accessor returns are borrowed from the handle and valid until it is freed; nothing is copied.
 *    Predictions and embeddings are independent of the model and of the images: either may be gone.
 *  - What the caller gives (options, texts, images, pixels) is borrowed during the call only.
 *  - Functions that can fail return a status, INFERENCE_EXP_OK (0) or one number for each error, and take `error` last.
 *    Unless `error` is NULL, `*error` is overwritten: with NULL on success, else with a new error for the caller to
 *    free. Outputs are NULL after a failure. Accessors cannot fail: for a NULL handle, an index out of range, or a
 *    question that makes no sense for the task they return NULL or 0.
 *  - Threads: everything may be called from any thread. A model may be used from any number of threads at once;
 *    predictions and embeddings never change, so any number of threads may read them. A handle must not be freed while
 *    another thread uses it.
 *  - Texts are UTF-8 and end with a zero byte.
 *  - Versions: functions are only ever added. A struct with `struct_size` may get members at its end: whoever fills it
 *    writes sizeof of what it was compiled with, and the other side reads no byte beyond that. Zero is always the
 *    default of a new member; a member that an older library does not know must be zero, and is refused if it is not.
 *    Structs without `struct_size` never change, nor do numbers of statuses and of other constants.
 *  - Nothing is printed, no exception leaves, the process is never ended. What is asked for is used or refused.
 */
#ifndef INFERENCE_EXP_H_
#define INFERENCE_EXP_H_

#include <stddef.h>
#include <stdint.h>

#include "inference_exp/export.hpp" /* preprocessor lines only */

#ifdef __cplusplus
extern "C" {
#endif

/** Grows with each function or member that is added. */
#define INFERENCE_EXP_C_API_VERSION 1

/** The number above as the library was built with it. */
INFERENCE_EXP_API int32_t inference_exp_c_api_version(void);
/** Such as "0.1.0". Static storage. */
INFERENCE_EXP_API const char* inference_exp_library_version(void);

/* ---- Errors. Names and meanings are those of inference_exp/errors.hpp. Every hundred is one kind. */
typedef int32_t inference_exp_status;
enum {
  INFERENCE_EXP_OK = 0,
  INFERENCE_EXP_ERROR_OTHER = 1, /**< an error of a class that has no number */
  INFERENCE_EXP_ERROR_OUT_OF_MEMORY = 2,
  INFERENCE_EXP_ERROR_UNEXPECTED = 3, /**< a fault of the library or of the system */

  INFERENCE_EXP_ERROR_ENVIRONMENT_CONFIGURATION = 100,
  INFERENCE_EXP_ERROR_INVALID_ENV_VARIABLE = 101,
  INFERENCE_EXP_ERROR_MISSING_DEPENDENCY = 102,

  INFERENCE_EXP_ERROR_MODEL_RUNTIME = 200,
  INFERENCE_EXP_ERROR_OUT_OF_DEVICE_MEMORY = 201,

  INFERENCE_EXP_ERROR_MODEL_INPUT = 300,
  INFERENCE_EXP_ERROR_INVALID_PARAMETER = 301,
  INFERENCE_EXP_ERROR_ASSUMPTION = 302,

  INFERENCE_EXP_ERROR_OPERATION_CANCELLED = 400,
  INFERENCE_EXP_ERROR_RETRY = 401,
  INFERENCE_EXP_ERROR_RANGE_REQUEST_NOT_SUPPORTED = 402,
  INFERENCE_EXP_ERROR_UNTRUSTED_FILE = 403,
  INFERENCE_EXP_ERROR_FILE_HASH_SUM_MISMATCH = 404,

  INFERENCE_EXP_ERROR_MODEL_CACHE = 500,
  INFERENCE_EXP_ERROR_FILE_LOCK_TIMEOUT = 501,

  INFERENCE_EXP_ERROR_MODEL_RETRIEVAL = 600,
  INFERENCE_EXP_ERROR_UNAUTHORIZED_MODEL_ACCESS = 601,
  INFERENCE_EXP_ERROR_FORBIDDEN_MODEL_ACCESS = 602,
  INFERENCE_EXP_ERROR_PAYMENT_REQUIRED_MODEL_ACCESS = 603,
  INFERENCE_EXP_ERROR_USAGE_PAUSED_MODEL_ACCESS = 604,
  INFERENCE_EXP_ERROR_MODEL_NOT_FOUND = 605,
  INFERENCE_EXP_ERROR_MODEL_METADATA_CONSISTENCY = 606,
  INFERENCE_EXP_ERROR_MODEL_METADATA_HANDLER_NOT_IMPLEMENTED = 607,

  INFERENCE_EXP_ERROR_MODEL_PACKAGE_NEGOTIATION = 700,
  INFERENCE_EXP_ERROR_UNKNOWN_BACKEND_TYPE = 701,
  INFERENCE_EXP_ERROR_UNKNOWN_QUANTIZATION = 702,
  INFERENCE_EXP_ERROR_INVALID_REQUESTED_BATCH_SIZE = 703,
  INFERENCE_EXP_ERROR_NO_MODEL_PACKAGES_AVAILABLE = 704,
  INFERENCE_EXP_ERROR_AMBIGUOUS_MODEL_PACKAGE_RESOLUTION = 705,
  INFERENCE_EXP_ERROR_RUNTIME_INTROSPECTION = 706,
  INFERENCE_EXP_ERROR_JETSON_TYPE_RESOLUTION = 707,

  INFERENCE_EXP_ERROR_MODEL_LOADING = 800,
  INFERENCE_EXP_ERROR_MODEL_PACKAGE_ALTERNATIVES_EXHAUSTED = 801,
  INFERENCE_EXP_ERROR_INSECURE_MODEL_IDENTIFIER = 802,
  INFERENCE_EXP_ERROR_CORRUPTED_MODEL_PACKAGE = 803,
  INFERENCE_EXP_ERROR_UNTRUSTED_CHECKPOINT = 804,
  INFERENCE_EXP_ERROR_DIRECT_LOCAL_STORAGE_ACCESS = 805,
  INFERENCE_EXP_ERROR_FORBIDDEN_LOCAL_CODE_PACKAGE_ACCESS = 806,
  INFERENCE_EXP_ERROR_MODEL_IMPLEMENTATION_NOT_FOUND = 807,
  INFERENCE_EXP_ERROR_MISSING_MODEL_INIT_PARAMETER = 808,
  INFERENCE_EXP_ERROR_INVALID_MODEL_INIT_PARAMETER = 809
};

/** Such as "ModelNotFoundError"; "OK" for 0; NULL for a number that is no status. Static storage. */
INFERENCE_EXP_API const char* inference_exp_status_name(inference_exp_status status);

typedef struct inference_exp_error inference_exp_error;
/** INFERENCE_EXP_OK for NULL; the texts of NULL are "". */
INFERENCE_EXP_API inference_exp_status inference_exp_error_status(const inference_exp_error* error);
/** The class name, such as "CorruptedModelPackageError". */
INFERENCE_EXP_API const char* inference_exp_error_name(const inference_exp_error* error);
/** What went wrong. */
INFERENCE_EXP_API const char* inference_exp_error_message(const inference_exp_error* error);
/** What to do about it; may be "". */
INFERENCE_EXP_API const char* inference_exp_error_hint(const inference_exp_error* error);
/** The page that explains this error; may be "". */
INFERENCE_EXP_API const char* inference_exp_error_help_page(const inference_exp_error* error);
INFERENCE_EXP_API void inference_exp_error_free(inference_exp_error* error);

INFERENCE_EXP_API void inference_exp_string_free(char* text);

/* ---- Loading. The members are those of inference_exp/load_options.hpp, under the same names where C can say them.
 * A pointer that is NULL, and a list without elements, is unset. Yes and no are 1 and 0; where "unset" differs from
 * both it is -1. */
typedef struct inference_exp_key_value {
  const char* key;
  const char* value;
} inference_exp_key_value;

typedef struct inference_exp_execution_provider {
  const char* name; /**< such as "CPUExecutionProvider" */
  const inference_exp_key_value* options;
  size_t option_count;
} inference_exp_execution_provider;

/** Which packages with non-maximum suppression inside the network are welcome. A range is unset when both of its
 * numbers are NaN. */
typedef struct inference_exp_nms_fusion_preferences {
  size_t struct_size;
  int32_t class_agnostic; /**< -1: either */
  double max_detections_low, max_detections_high;
  double confidence_threshold_low, confidence_threshold_high;
  double iou_threshold_low, iou_threshold_high;
} inference_exp_nms_fusion_preferences;

enum { INFERENCE_EXP_RANKING_TRT_TORCH_ONNX = 0, INFERENCE_EXP_RANKING_TRT_ONNX_TORCH = 1 };
enum { INFERENCE_EXP_PHASE_DOWNLOAD = 0, INFERENCE_EXP_PHASE_VERIFY = 1, INFERENCE_EXP_PHASE_DONE = 2 };

/** How far a download is. Filled by the library, valid during the callback. */
typedef struct inference_exp_download_progress {
  size_t struct_size;
  int32_t phase;
  const char* file;  /**< its name within the package */
  size_t file_index; /**< of file_count */
  size_t file_count;
  uint64_t bytes_done;
  uint64_t bytes_total; /**< 0 where the server does not say */
} inference_exp_download_progress;

/** Called from threads of the library, but never from two at once. 0 goes on; anything else cancels the load with
 * INFERENCE_EXP_ERROR_OPERATION_CANCELLED. */
typedef int32_t (*inference_exp_progress_callback)(void* user, const inference_exp_download_progress* progress);

typedef struct inference_exp_load_options {
  size_t struct_size;

  /* Where it runs. */
  const char* const* backends; /**< allowed: "onnx", "trt", "torch", "torch-script"; unset: all */
  size_t backend_count;
  const char* const* backend_paths; /**< folders searched for plug-ins before the default places */
  size_t backend_path_count;
  const char* device; /**< "cpu", "cuda", "cuda:1"; unset: the backend's default */
  const inference_exp_execution_provider* execution_providers; /**< in order of preference */
  size_t execution_provider_count;
  int32_t intra_op_threads;                   /**< 0: the physical cores this process may use */
  int32_t inter_op_threads;                   /**< 0: the backend's default */
  int32_t allow_spinning;                     /**< -1: only while this is the process's only session */
  int32_t max_batch_size;                     /**< images per network run; 0: as the package says */
  const char* precision;                      /**< "float32" or "float16", for Torch checkpoints */
  size_t text_embedding_cache;                /**< embedding models: so many texts keep their vectors; 0: none */
  int32_t allow_direct_local_storage_loading; /**< 1 */

  /* For a model id: which of its packages may be chosen. */
  int32_t allow_untrusted_packages;     /**< 0 */
  int32_t trt_engine_host_code_allowed; /**< 1 */
  int32_t backend_ranking;              /**< INFERENCE_EXP_RANKING_TRT_TORCH_ONNX */
  int32_t batch_size_min;               /**< the package must take min...max images at once; 0 and 0: any */
  int32_t batch_size_max;
  int32_t max_package_loading_attempts; /**< 0: all that can run here */
  const char* model_package_id;         /**< exactly this one; only trust is checked */
  const char* const* quantizations; /**< of "fp32", "fp16", "bf16", "int8", "unknown"; NULL: what suits the device */
  size_t quantization_count;        /**< 0 with a pointer that is not NULL: any */
  const inference_exp_nms_fusion_preferences* nms_fusion_preferences; /**< NULL: none are welcome */

  /* How a model id becomes files on this machine. */
  const char* weights_provider;                  /**< unset: "roboflow" */
  const char* api_key;                           /**< unset: ROBOFLOW_API_KEY */
  const inference_exp_key_value* provider_query; /**< further query parameters for the provider */
  size_t provider_query_count;
  const inference_exp_key_value* provider_headers; /**< further headers for the provider */
  size_t provider_header_count;
  const char* cache_home;              /**< unset: INFERENCE_HOME, else the user's cache folder */
  int32_t use_auto_resolution_cache;   /**< 1 */
  int32_t verify_hash_while_download;  /**< 1 */
  int32_t download_files_without_hash; /**< 0 */
  int32_t file_lock_timeout_seconds;   /**< -1: 20, or what the environment says */
  int32_t offline;                     /**< -1: OFFLINE_MODE */

  /* For a bare model file; what is unset is read from the file's own metadata. */
  int32_t resolution;       /**< RF-DETR: side of the network's input; 0: as trained */
  const char* architecture; /**< such as "yolov8", "rfdetr" */
  const char* task;         /**< such as "object-detection" */
  const char* const* class_names;
  size_t class_name_count;
  const char* model_type; /**< RF-DETR: the size, such as "rfdetr-base" */

  inference_exp_progress_callback progress;
  void* progress_user;
} inference_exp_load_options;

/** Fills the first `struct_size` bytes with the defaults; `struct_size` is sizeof the struct. Always call it first. */
INFERENCE_EXP_API void inference_exp_load_options_init(inference_exp_load_options* options, size_t struct_size);
/** As inference_exp_load_options_init. */
INFERENCE_EXP_API void inference_exp_nms_fusion_preferences_init(inference_exp_nms_fusion_preferences* preferences,
                                                                 size_t struct_size);

typedef struct inference_exp_model inference_exp_model;
/** Opens a package folder, a bare model file, or a model id. `options` NULL: the defaults. */
INFERENCE_EXP_API inference_exp_status inference_exp_model_load(const char* id_or_path,
                                                                const inference_exp_load_options* options,
                                                                inference_exp_model** model,
                                                                inference_exp_error** error);
INFERENCE_EXP_API void inference_exp_model_free(inference_exp_model* model);

/** "object-detection", "instance-segmentation", "keypoint-detection" or "embedding". */
INFERENCE_EXP_API const char* inference_exp_model_task(const inference_exp_model* model);
INFERENCE_EXP_API const char* inference_exp_model_architecture(const inference_exp_model* model);
/** The plug-in that runs it, such as "onnx". */
INFERENCE_EXP_API const char* inference_exp_model_backend(const inference_exp_model* model);
INFERENCE_EXP_API size_t inference_exp_model_class_count(const inference_exp_model* model);
INFERENCE_EXP_API const char* inference_exp_model_class_name(const inference_exp_model* model, size_t class_id);
/** Of the network's input, without an image size among the options. */
INFERENCE_EXP_API int32_t inference_exp_model_input_width(const inference_exp_model* model);
INFERENCE_EXP_API int32_t inference_exp_model_input_height(const inference_exp_model* model);
/** Images per network run: larger calls are split. */
INFERENCE_EXP_API int32_t inference_exp_model_max_batch_size(const inference_exp_model* model);
/** Embedding models: length of the vectors. */
INFERENCE_EXP_API size_t inference_exp_model_dimension(const inference_exp_model* model);
/** Key point models: how the points of a class are named and joined. */
INFERENCE_EXP_API size_t inference_exp_model_key_point_count(const inference_exp_model* model, size_t class_id);
INFERENCE_EXP_API const char* inference_exp_model_key_point_name(const inference_exp_model* model, size_t class_id,
                                                                 size_t key_point);
INFERENCE_EXP_API size_t inference_exp_model_edge_count(const inference_exp_model* model, size_t class_id);
/** Writes two indices of key points and returns 1, or writes nothing and returns 0. */
INFERENCE_EXP_API int32_t inference_exp_model_edge(const inference_exp_model* model, size_t class_id, size_t edge,
                                                   int32_t* from, int32_t* to);

/* ---- Images. */
enum {
  INFERENCE_EXP_FORMAT_BGR = 0,
  INFERENCE_EXP_FORMAT_RGB = 1,
  INFERENCE_EXP_FORMAT_GRAY = 2,
  INFERENCE_EXP_FORMAT_BGRA = 3,
  INFERENCE_EXP_FORMAT_RGBA = 4
};
enum { INFERENCE_EXP_PIXEL_U8 = 0, INFERENCE_EXP_PIXEL_F32 = 1 };

/** An interleaved picture in the caller's memory. Values are 0...255 for both pixel types. All images of one call have
 * the same struct_size, which is also the distance from one to the next. */
typedef struct inference_exp_image {
  size_t struct_size;
  const void* data; /**< first pixel of the top row; f32 rows are aligned to 4 bytes */
  int32_t width;
  int32_t height;
  ptrdiff_t row_stride; /**< bytes from one row to the next; negative: bottom-up; 0: rows without padding */
  int32_t format;
  int32_t type;
} inference_exp_image;

/* ---- Inference. The members are those of InferenceOptions in inference_exp/model.hpp. NaN is unset: the family's
 * default. */
typedef struct inference_exp_class_confidence {
  const char* class_name;
  double confidence;
} inference_exp_class_confidence;

/** Wall time of the stages of one call, in seconds, summed over its images. */
typedef struct inference_exp_stage_timings {
  double pre_process;
  double run;
  double post_process;
} inference_exp_stage_timings;

enum { INFERENCE_EXP_MASKS_NONE = -1, INFERENCE_EXP_MASKS_DENSE = 0, INFERENCE_EXP_MASKS_RLE = 1 };

typedef struct inference_exp_inference_options {
  size_t struct_size;
  double confidence;                                          /**< 0...1; rows must score above it */
  const inference_exp_class_confidence* per_class_confidence; /**< other classes use `confidence` */
  size_t per_class_confidence_count;
  double iou_threshold;       /**< 0...1 */
  int32_t max_detections;     /**< 0: the family's default */
  int32_t class_agnostic_nms; /**< 0 */
  int32_t image_width;        /**< network size, for networks with dynamic size; 0 and 0: the default */
  int32_t image_height;
  int32_t mask_format;    /**< INFERENCE_EXP_MASKS_DENSE */
  int32_t mask_smoothing; /**< 1 */
  double mask_threshold;
  double key_points_threshold;
  int32_t disable_static_crop;          /**< 0 */
  int32_t disable_grayscale;            /**< 0 */
  int32_t disable_contrast_enhancement; /**< 0 */
  int32_t disable_cuda_graphs;          /**< 0; TensorRT: run without recorded graphs */
  inference_exp_stage_timings* timings; /**< filled unless NULL */
} inference_exp_inference_options;

/** As inference_exp_load_options_init. */
INFERENCE_EXP_API void inference_exp_inference_options_init(inference_exp_inference_options* options,
                                                            size_t struct_size);

typedef struct inference_exp_predictions inference_exp_predictions;
/** Boxes, masks or key points of `image_count` images, in order. `options` NULL: the defaults. An embedding model is
 * INFERENCE_EXP_ERROR_INVALID_PARAMETER. */
INFERENCE_EXP_API inference_exp_status inference_exp_infer(const inference_exp_model* model,
                                                           const inference_exp_image* images, size_t image_count,
                                                           const inference_exp_inference_options* options,
                                                           inference_exp_predictions** predictions,
                                                           inference_exp_error** error);
INFERENCE_EXP_API void inference_exp_predictions_free(inference_exp_predictions* predictions);

/* ---- Results: `image` counts from 0, N is inference_exp_predictions_count. Where N is 0 the pointers may be NULL. */
INFERENCE_EXP_API size_t inference_exp_predictions_image_count(const inference_exp_predictions* predictions);
INFERENCE_EXP_API size_t inference_exp_predictions_count(const inference_exp_predictions* predictions, size_t image);
/** N boxes of four numbers: x_min, y_min, x_max, y_max, in pixels of the image. */
INFERENCE_EXP_API const int32_t* inference_exp_predictions_xyxy(const inference_exp_predictions* predictions,
                                                                size_t image);
INFERENCE_EXP_API const int32_t* inference_exp_predictions_class_id(const inference_exp_predictions* predictions,
                                                                    size_t image);
INFERENCE_EXP_API const float* inference_exp_predictions_confidence(const inference_exp_predictions* predictions,
                                                                    size_t image);
/** NULL for a class that has no name. */
INFERENCE_EXP_API const char* inference_exp_predictions_class_name(const inference_exp_predictions* predictions,
                                                                   size_t image, size_t row);

/** Instance segmentation: INFERENCE_EXP_MASKS_DENSE or _RLE; _NONE for other tasks. */
INFERENCE_EXP_API int32_t inference_exp_predictions_mask_format(const inference_exp_predictions* predictions,
                                                                size_t image);
INFERENCE_EXP_API int32_t inference_exp_predictions_mask_width(const inference_exp_predictions* predictions,
                                                               size_t image);
INFERENCE_EXP_API int32_t inference_exp_predictions_mask_height(const inference_exp_predictions* predictions,
                                                                size_t image);
/** Dense masks, (N, height, width), one byte a pixel, 0 or 1. */
INFERENCE_EXP_API const uint8_t* inference_exp_predictions_masks(const inference_exp_predictions* predictions,
                                                                 size_t image);
/** Run lengths of one mask, as COCO writes them. */
INFERENCE_EXP_API const char* inference_exp_predictions_mask_rle(const inference_exp_predictions* predictions,
                                                                 size_t image, size_t row);
/** Writes the mask that run lengths stand for: width * height bytes of 0 or 1; `mask_size` is what `mask` has room for.
 */
INFERENCE_EXP_API inference_exp_status inference_exp_decode_rle(const char* counts, int32_t width, int32_t height,
                                                                uint8_t* mask, size_t mask_size,
                                                                inference_exp_error** error);

/** Key points, in pixels of the image; (0, 0) with confidence 0 marks an empty slot. */
typedef struct inference_exp_key_point {
  int32_t x;
  int32_t y;
  float confidence;
} inference_exp_key_point;
/** Slots of each row: most key points of any class. */
INFERENCE_EXP_API size_t inference_exp_predictions_key_point_slots(const inference_exp_predictions* predictions,
                                                                   size_t image);
/** N rows of so many points. */
INFERENCE_EXP_API const inference_exp_key_point* inference_exp_predictions_key_points(
    const inference_exp_predictions* predictions, size_t image);

/** The result of one image as inference_exp/serialization.hpp describes it: an array with an object for each row. */
INFERENCE_EXP_API inference_exp_status inference_exp_predictions_to_json(const inference_exp_predictions* predictions,
                                                                         size_t image, char** json,
                                                                         inference_exp_error** error);

/* ---- Embeddings: vectors of images and texts, for embedding models. */
typedef struct inference_exp_embeddings inference_exp_embeddings;
INFERENCE_EXP_API inference_exp_status inference_exp_embed_images(const inference_exp_model* model,
                                                                  const inference_exp_image* images, size_t image_count,
                                                                  const inference_exp_inference_options* options,
                                                                  inference_exp_embeddings** embeddings,
                                                                  inference_exp_error** error);
INFERENCE_EXP_API inference_exp_status inference_exp_embed_texts(const inference_exp_model* model,
                                                                 const char* const* texts, size_t text_count,
                                                                 inference_exp_embeddings** embeddings,
                                                                 inference_exp_error** error);
/** Vectors that were kept elsewhere; `values` holds count * dimension numbers and is copied. */
INFERENCE_EXP_API inference_exp_status inference_exp_embeddings_create(size_t count, size_t dimension,
                                                                       const float* values,
                                                                       inference_exp_embeddings** embeddings,
                                                                       inference_exp_error** error);
INFERENCE_EXP_API void inference_exp_embeddings_free(inference_exp_embeddings* embeddings);
INFERENCE_EXP_API size_t inference_exp_embeddings_count(const inference_exp_embeddings* embeddings);
INFERENCE_EXP_API size_t inference_exp_embeddings_dimension(const inference_exp_embeddings* embeddings);
/** (count, dimension). */
INFERENCE_EXP_API const float* inference_exp_embeddings_values(const inference_exp_embeddings* embeddings);
INFERENCE_EXP_API inference_exp_status inference_exp_embeddings_to_json(const inference_exp_embeddings* embeddings,
                                                                        char** json, inference_exp_error** error);
/** Writes the cosine similarity of every vector of `left` with every one of `right`, (left count, right count);
 * `capacity` is how many numbers `similarities` has room for. */
INFERENCE_EXP_API inference_exp_status inference_exp_compare_embeddings(const inference_exp_embeddings* left,
                                                                        const inference_exp_embeddings* right,
                                                                        float* similarities, size_t capacity,
                                                                        inference_exp_error** error);

/* ---- Model ids and the machine: texts that the caller frees. The JSON documents are those of
 * inference_exp/serialization.hpp. */

/** What the provider says of a model: packages, files, licence. Downloads nothing. */
INFERENCE_EXP_API inference_exp_status inference_exp_describe_model(const char* id,
                                                                    const inference_exp_load_options* options,
                                                                    char** json, inference_exp_error** error);
/** Which package would be chosen here, and why, for people and as JSON. Downloads nothing. */
INFERENCE_EXP_API inference_exp_status inference_exp_explain(const char* id, const inference_exp_load_options* options,
                                                             char** text, inference_exp_error** error);
INFERENCE_EXP_API inference_exp_status inference_exp_explain_json(const char* id,
                                                                  const inference_exp_load_options* options,
                                                                  char** json, inference_exp_error** error);
/** Downloads what inference_exp_model_load would open. */
INFERENCE_EXP_API inference_exp_status inference_exp_pull_model(const char* id,
                                                                const inference_exp_load_options* options, char** json,
                                                                inference_exp_error** error);
/** What this machine can run, plug-in by plug-in, and why not. */
INFERENCE_EXP_API inference_exp_status inference_exp_describe_environment(const char* const* backend_paths,
                                                                          size_t backend_path_count, char** json,
                                                                          inference_exp_error** error);

/* ---- Messages. */
enum {
  INFERENCE_EXP_LOG_DEBUG = 0,
  INFERENCE_EXP_LOG_INFO = 1,
  INFERENCE_EXP_LOG_WARNING = 2,
  INFERENCE_EXP_LOG_ERROR = 3
};
/** May be called from any thread, also from several at once; `message` is valid during the call. */
typedef void (*inference_exp_log_callback)(void* user, int32_t level, const char* message);
/** Replaces the callback of the whole process; NULL drops all messages. A call of the former one that is under way on
 * another thread may still be running after this returns. */
INFERENCE_EXP_API inference_exp_status inference_exp_set_log_callback(inference_exp_log_callback callback, void* user,
                                                                      inference_exp_error** error);

#ifdef __cplusplus
}
#endif

#endif /* INFERENCE_EXP_H_ */
