"""What leaves the database for other tools: tables, crosswalks, redaction."""
