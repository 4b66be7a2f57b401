"""The Gymnasium environments, their registration, their spaces and the check that users run."""
