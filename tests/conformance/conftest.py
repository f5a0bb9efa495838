"""What pytest must not import: the generator needs TensorFlow."""

collect_ignore = ["golden/make_golden.py"]
