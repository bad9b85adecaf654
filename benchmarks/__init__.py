"""What the library costs against the same resources written by hand."""
