"""Results of one image each, as numpy arrays that own the library's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator

from . import _core

if TYPE_CHECKING:
    import numpy as np


def _class_data(class_id: Any, class_names: tuple[str, ...]) -> dict[str, Any]:
    if not class_names:
        return {}
    import numpy as np

    names = [class_names[i] if 0 <= i < len(class_names) else str(i) for i in class_id.tolist()]
    return {"class_name": np.array(names, dtype=str)}


class Detections:
    """Boxes of one image.

    xyxy: int32 (N, 4), absolute pixels. class_id: int32 (N,). confidence: float32 (N,). image_metadata: dict or None.
    bboxes_metadata: list of dict or None. class_names: the model's names, by class id.
    """

    __slots__ = ("xyxy", "class_id", "confidence", "image_metadata", "bboxes_metadata", "class_names")

    def __init__(
        self,
        xyxy: np.ndarray,
        class_id: np.ndarray,
        confidence: np.ndarray,
        image_metadata: dict | None = None,
        bboxes_metadata: list[dict] | None = None,
        class_names: tuple[str, ...] = (),
    ) -> None:
        self.xyxy = xyxy
        self.class_id = class_id
        self.confidence = confidence
        self.image_metadata = image_metadata
        self.bboxes_metadata = bboxes_metadata
        self.class_names = class_names

    def __len__(self) -> int:
        return len(self.class_id)

    def _mask_of(self, row: int) -> Any:
        return None

    def __iter__(self) -> Iterator[tuple]:
        """(xyxy, mask or None, class_id, confidence, tracker_id, data, metadata), row by row.

        data: the class name and what `bboxes_metadata` has of the row, tracker_id among it. metadata: `image_metadata`.
        """
        names = _class_data(self.class_id, self.class_names).get("class_name")
        metadata = self.image_metadata or {}
        for row in range(len(self)):
            data = {} if names is None else {"class_name": names[row]}
            data.update(self.bboxes_metadata[row] if self.bboxes_metadata else {})
            tracker_id = data.get("tracker_id")
            yield self.xyxy[row], self._mask_of(row), self.class_id[row], self.confidence[row], tracker_id, data, metadata

    def __repr__(self) -> str:
        return f"{type(self).__name__}(xyxy={self.xyxy!r}, class_id={self.class_id!r}, confidence={self.confidence!r})"

    def _supervision_mask(self) -> Any:
        return None

    def to_supervision(self) -> Any:
        """supervision.Detections, with the class names in data["class_name"]. Needs the package supervision."""
        import supervision as sv

        return sv.Detections(
            xyxy=self.xyxy,
            mask=self._supervision_mask(),
            class_id=self.class_id,
            confidence=self.confidence,
            data=_class_data(self.class_id, self.class_names),
        )


class InstancesRLEMasks:
    """N masks as COCO compressed run lengths. image_size: (height, width). masks: bytes each, pycocotools' "counts"."""

    __slots__ = ("image_size", "masks")

    def __init__(self, image_size: tuple[int, int], masks: list[bytes]) -> None:
        self.image_size = image_size
        self.masks = masks

    def __len__(self) -> int:
        return len(self.masks)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, InstancesRLEMasks):
            return NotImplemented
        return tuple(self.image_size) == tuple(other.image_size) and list(self.masks) == list(other.masks)

    def __repr__(self) -> str:
        return f"InstancesRLEMasks(image_size={self.image_size!r}, masks={self.masks!r})"

    @property
    def size(self) -> tuple[int, int]:
        return self.image_size

    @property
    def counts(self) -> list[bytes]:
        return self.masks

    @classmethod
    def from_coco_rle_masks(cls, image_size: tuple[int, int], masks: list[dict]) -> InstancesRLEMasks:
        return cls(image_size, [mask["counts"] for mask in masks])

    def to_coco_rle_masks(self) -> list[dict]:
        return [{"size": list(self.image_size), "counts": counts} for counts in self.masks]

    def decode(self) -> np.ndarray:
        """bool (N, H, W)."""
        import numpy as np

        height, width = self.image_size
        dense = np.zeros((len(self.masks), height, width), dtype=bool)
        for row, counts in enumerate(self.masks):
            dense[row] = np.frombuffer(_core._decode_rle(counts, height, width), dtype=bool).reshape(height, width)
        return dense


class InstanceDetections(Detections):
    """Detections with `mask`: bool (N, H, W), or InstancesRLEMasks when asked for with mask_format="rle"."""

    __slots__ = ("mask",)

    def __init__(
        self,
        xyxy: np.ndarray,
        class_id: np.ndarray,
        confidence: np.ndarray,
        mask: np.ndarray | InstancesRLEMasks,
        image_metadata: dict | None = None,
        bboxes_metadata: list[dict] | None = None,
        class_names: tuple[str, ...] = (),
    ) -> None:
        super().__init__(xyxy, class_id, confidence, image_metadata, bboxes_metadata, class_names)
        self.mask = mask

    def _mask_of(self, row: int) -> Any:
        if isinstance(self.mask, InstancesRLEMasks):
            return {"size": list(self.mask.image_size), "counts": self.mask.masks[row]}
        return self.mask[row]

    def _supervision_mask(self) -> Any:
        return self.mask.decode() if isinstance(self.mask, InstancesRLEMasks) else self.mask


class KeyPoints:
    """Key points of one image.

    xy: int32 (N, K, 2). class_id: int32 (N,). confidence: float32 (N, K), per point; (0, 0) with confidence 0 marks an
    empty slot. detection_confidence: float32 (N,). covariance: float32 (N, K, 2, 2) or None; no family gives it yet.
    """

    __slots__ = (
        "xy",
        "class_id",
        "confidence",
        "detection_confidence",
        "image_metadata",
        "key_points_metadata",
        "covariance",
        "class_names",
    )

    def __init__(
        self,
        xy: np.ndarray,
        class_id: np.ndarray,
        confidence: np.ndarray,
        image_metadata: dict | None = None,
        key_points_metadata: list[dict] | None = None,
        covariance: np.ndarray | None = None,
        detection_confidence: np.ndarray | None = None,
        class_names: tuple[str, ...] = (),
    ) -> None:
        self.xy = xy
        self.class_id = class_id
        self.confidence = confidence
        self.detection_confidence = detection_confidence
        self.image_metadata = image_metadata
        self.key_points_metadata = key_points_metadata
        self.covariance = covariance
        self.class_names = class_names

    def __len__(self) -> int:
        return len(self.class_id)

    def to_supervision(self) -> Any:
        """supervision.KeyPoints of the installed version, with the class names in data["class_name"]."""
        import supervision as sv

        fields = {"xy": self.xy, "class_id": self.class_id, "data": _class_data(self.class_id, self.class_names)}
        if self.covariance is not None:
            fields["data"]["covariance"] = self.covariance
        known = getattr(sv.KeyPoints, "__dataclass_fields__", {})
        if "keypoint_confidence" not in known:
            return sv.KeyPoints(confidence=self.confidence, **fields)
        fields["keypoint_confidence"] = self.confidence
        if "visible" in known:
            fields["visible"] = self.confidence > 0
        if "detection_confidence" in known:
            fields["detection_confidence"] = self.detection_confidence
        return sv.KeyPoints(**fields)
