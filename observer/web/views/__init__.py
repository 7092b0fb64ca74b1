"""What pages show, as frozen values: all choosing and wording is done here, none in the templates."""
