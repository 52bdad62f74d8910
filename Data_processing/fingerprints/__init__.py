"""What a picture is known again by, and which pictures are the same or nearly so."""
